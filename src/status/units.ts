// Numbers as a person reads them.

const prefixes = ['B', 'kB', 'MB', 'GB', 'TB', 'PB']

/** SI units, 1 kB = 1000 B, as links are sold: "0 B", "999 B", "1.5 kB", "20 MB". */
export function formatBytes(bytes: number): string {
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

/** "2026-01-31 08:15:00" in local time. */
export function formatTime(iso: string): string {
  const time = new Date(iso)
  const two = (value: number) => String(value).padStart(2, '0')
  const date = [time.getFullYear(), two(time.getMonth() + 1), two(time.getDate())].join('-')
  return `${date} ${[time.getHours(), time.getMinutes(), time.getSeconds()].map(two).join(':')}`
}
