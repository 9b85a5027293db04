// Link numbers to marks and back to text. All marks live within the mask; the rest of the 32 bits is other programs'.

/** How many bits a contiguous mask must be shifted to reach its lowest set bit. */
export function maskShift(mask: number): number {
  return 31 - Math.clz32(mask & -mask)
}

/** The mark of link `number` (1 and up) under `mask`, unsigned 32 bit. */
export function markOf(number: number, mask: number): number {
  return (number << maskShift(mask)) >>> 0
}

/** The mark with every bit of the mask set: no link has it, it belongs to the probe. */
export function probeMark(mask: number): number {
  return mask >>> 0
}

/** "0x01000000": eight hexadecimal digits, as nft(8) prints marks. */
export function formatMark(mark: number): string {
  return `0x${(mark >>> 0).toString(16).padStart(8, '0')}`
}

/** "0x1000000/0xff000000": as ip-rule(8) lists a fwmark, so that what is listed can be compared with what is wanted. */
export function formatFwmark(mark: number, mask: number): string {
  const hex = (value: number) => (value === 0 ? '0' : `0x${(value >>> 0).toString(16)}`)
  return `${hex(mark)}/${hex(mask)}`
}
