// Which family a text of the plan belongs to.

import t from 'tap'
import { familyOf, ofFamily } from '../../../src/plan/families.js'

t.test('addresses and networks are told apart by their text alone', async (t) => {
  const texts = ['192.0.2.1', '10.8.0.0/16', '0.0.0.0/0', '::/0', 'fe80::1', '2001:db8::/32']
  t.strictSame(texts.map(familyOf), [4, 4, 4, 6, 6, 6])
  t.strictSame(ofFamily(texts, 4), texts.slice(0, 3))
  t.strictSame(ofFamily(texts, 6), texts.slice(3))
})
