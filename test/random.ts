// Numbers by chance that are the same in every run, so that a test that fails fails again.

/** A function that returns whole numbers from 0 to below `end`: Marsaglia's xorshift, 32 bit. */
export function randomNumbers(seed: number): (end: number) => number {
  let state = seed >>> 0 || 1
  return (end) => {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    state >>>= 0
    return state % end
  }
}
