// A word that is not known and the words that are, in; what to suggest instead, out.

import { closest, distance } from 'fastest-levenshtein'

/** The known word that was most likely meant, if any is near enough to be worth naming. */
export function nearest(word: string, known: readonly string[]): string | undefined {
  const lower = word.toLowerCase()
  const beginning = lower.length >= 3 ? known.find((candidate) => candidate.startsWith(lower)) : undefined
  if (beginning !== undefined) return beginning
  const candidate = closest(lower, known)
  const far = distance(lower, candidate)
  return far < lower.length && far <= Math.max(2, Math.floor(lower.length / 3)) ? candidate : undefined
}

/** `did you mean "weight"?`, or all there is to choose from when nothing is near. */
export function suggest(word: string, known: readonly string[], what: string): string {
  const near = nearest(word, known)
  return near === undefined ? `${what} are ${known.join(', ')}` : `did you mean "${near}"?`
}
