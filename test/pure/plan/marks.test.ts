// Marks under masks: every link's is its own, none leaves the mask, none is the probe's.

import t from 'tap'
import { linksOfMask } from '../../../src/config/numbering.js'
import { formatFwmark, formatMark, markOf, maskShift, probeMark } from '../../../src/plan/marks.js'

t.test('a link\'s number stands in the lowest bits of the mask', async (t) => {
  t.equal(markOf(1, 0xff000000), 0x01000000)
  t.equal(markOf(3, 0x0000ff00), 0x00000300)
  t.equal(markOf(254, 0xff000000), 0xfe000000)
  t.equal(markOf(2, 0xffffffff), 2)
  t.equal(markOf(2, 0xc0000000), 0x80000000)
  t.equal(markOf(1, 0x3), 1)
})

t.test('a mask is shifted by its zeros on the right', async (t) => {
  t.equal(maskShift(0xff000000), 24)
  t.equal(maskShift(0x0000ff00), 8)
  t.equal(maskShift(0xffffffff), 0)
  t.equal(maskShift(0xc0000000), 30)
})

t.test('the highest number is one below all bits, which are the probe\'s', async (t) => {
  t.equal(linksOfMask(0xff000000), 254)
  t.equal(linksOfMask(0x0000ff00), 254)
  t.equal(linksOfMask(0xc0000000), 2)
  t.equal(probeMark(0xff000000), 0xff000000)
  t.equal(probeMark(0xffffffff), 0xffffffff)
})

t.test('under every mask of one run, marks are distinct, within the mask, not 0 and not the probe\'s', async (t) => {
  for (let bits = 2; bits <= 32; bits++) {
    for (let shift = 0; shift + bits <= 32; shift++) {
      const mask = Number(((1n << BigInt(bits)) - 1n) << BigInt(shift))
      const highest = linksOfMask(mask)
      const numbers = [1, 2, Math.floor(highest / 2), highest - 1, highest].filter((number) => number > 0)
      const marks = [...new Set(numbers)].map((number) => markOf(number, mask))
      const right = marks.every((mark) => mark > 0 && (mark & ~mask) === 0 && mark !== probeMark(mask))
      if (!right || new Set(marks).size !== marks.length) t.fail(`mask ${formatMark(mask)}`, { marks })
    }
  }
  t.pass('all 496 masks')
})

t.test('marks are spelled as nft and as ip rule list them', async (t) => {
  t.equal(formatMark(0x300), '0x00000300')
  t.equal(formatMark(~0xff000000), '0x00ffffff')
  t.equal(formatMark(0xffffffff), '0xffffffff')
  t.equal(formatFwmark(0x01000000, 0xff000000), '0x1000000/0xff000000')
  t.equal(formatFwmark(0, 0xff00), '0/0xff00')
})
