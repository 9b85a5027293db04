// Numbers as a person reads them.

const prefixes = ['B', 'kB', 'MB', 'GB', 'TB', 'PB']

/** SI units, 1 kB = 1000 B, as links are sold: "0 B", "999 B", "1.5 kB", "20 MB"; "-" where there is none. */
export function formatBytes(bytes: number | undefined): string {
  if (bytes === undefined) return '-'
  let value = bytes
  let at = 0
  // 999.5 kB would be rounded to 1000 kB
  while (at < prefixes.length - 1 && Math.round(value) >= 1000) {
    value /= 1000
    at++
  }
  const digits = at > 0 && value < 9.95 ? 1 : 0
  return `${value.toFixed(digits)} ${prefixes[at]}`
}

/** "33.3%"; "-" where there is nothing to share yet. */
export function formatShare(share: number | null | undefined): string {
  return share === null || share === undefined ? '-' : `${(share * 100).toFixed(1)}%`
}

/** "2%"; "-" where nothing was probed. */
export function formatLoss(percent: number | null | undefined): string {
  return percent === null || percent === undefined ? '-' : `${percent.toFixed(0)}%`
}

/** "0.3 ms", "12 ms"; "-" where nothing was answered. */
export function formatRtt(ms: number | null | undefined): string {
  return ms === null || ms === undefined ? '-' : `${ms.toFixed(ms < 9.95 ? 1 : 0)} ms`
}

/** Lines of at most `room` columns, broken at blanks; a longer word stays whole. */
export function wrap(text: string, room: number): string[] {
  const lines: string[] = []
  for (const word of text.split(' ')) {
    const last = lines.at(-1)
    if (last !== undefined && last.length + 1 + word.length <= room) lines[lines.length - 1] = `${last} ${word}`
    else lines.push(word)
  }
  return lines
}

/** "2026-01-31 08:15:00" in local time. */
export function formatTime(iso: string): string {
  const time = new Date(iso)
  const two = (value: number) => String(value).padStart(2, '0')
  const date = [time.getFullYear(), two(time.getMonth() + 1), two(time.getDate())].join('-')
  return `${date} ${[time.getHours(), time.getMinutes(), time.getSeconds()].map(two).join(':')}`
}
