// In: a Status. Out: what a person reads at a glance. Pure but for this terminal's width and colours, by
// default.

import { renderHeading } from './heading.js'
import type { LinkStatus, Status } from './status.js'
import { formatBytes, formatShare } from './units.js'

export interface Terminal {
  readonly columns: number
  readonly colours: boolean
}

/** Of the process. Any NO_COLOR but an empty one turns colours off (no-color.org). */
export function thisTerminal(): Terminal {
  return {
    columns: process.stdout.columns || 80,
    colours: process.stdout.isTTY && !process.env['NO_COLOR'] && process.env['TERM'] !== 'dumb',
  }
}

interface Column {
  readonly title: string
  readonly left?: true
  readonly cell: (link: LinkStatus) => string
}

const columns: readonly Column[] = [
  { title: 'link', left: true, cell: ({ name }) => name },
  { title: 'state', left: true, cell: ({ state }) => state },
  { title: 'gateway', left: true, cell: ({ gateway }) => gateway ?? '-' },
  { title: 'weight', cell: ({ weight }) => String(weight) },
  { title: 'share', cell: ({ share }) => formatShare(share) },
  { title: 'given', cell: ({ given }) => formatShare(given?.share) },
  { title: 'open', cell: ({ open }) => (open === null ? '-' : String(open)) },
  { title: 'in', cell: ({ bytes }) => (bytes ? formatBytes(bytes.in) : '-') },
  { title: 'out', cell: ({ bytes }) => (bytes ? formatBytes(bytes.out) : '-') },
]

/** The heading, then a row a link, or a block a link where the terminal is too narrow; ends in a newline. */
export function renderStatus(status: Status, terminal: Terminal = thisTerminal()): string {
  const lines = [...renderHeading(status)]
  if (status.links.length > 0) lines.push('', ...renderRows(status.links, terminal))
  return `${lines.join('\n')}\n`
}

function renderRows(links: readonly LinkStatus[], { columns: room, colours }: Terminal): string[] {
  const cells = links.map((link) => columns.map(({ cell }) => cell(link)))
  const widths = columns.map(({ title }, at) =>
    Math.max(title.length, ...cells.map((row) => row[at]?.length ?? 0)),
  )
  const gap = [2, 1].find((gap) => widths.reduce((sum, width) => sum + width + gap, -gap) <= room)
  if (gap === undefined) return links.flatMap((link) => renderBlock(link, colours))
  const align = (row: readonly string[]) =>
    row.map((text, at) => (columns[at]?.left ? text.padEnd(widths[at] ?? 0) : text.padStart(widths[at] ?? 0)))
  return [
    align(columns.map(({ title }) => title)).join(' '.repeat(gap)),
    ...links.flatMap((link, row) => [
      align(cells[row] ?? [])
        .map((text, at) => (columns[at]?.title === 'state' ? paint(text, link, colours) : text))
        .join(' '.repeat(gap)),
      ...renderReason(link),
    ]),
  ]
}

/** For a phone held upright: 40 columns are enough. */
function renderBlock(link: LinkStatus, colours: boolean): string[] {
  const [name = '', state = '', gateway = '', weight, share, given, open, into, out] = columns.map(
    ({ cell }) => cell(link),
  )
  return [
    `${name} ${paint(state, link, colours)}${link.gateway === null ? '' : `, via ${gateway}`}`,
    ...renderReason(link),
    `    weight ${weight}, share ${share}, given ${given}`,
    `    ${open} open, in ${into}, out ${out}`,
  ]
}

function renderReason({ reason }: LinkStatus): string[] {
  return reason === null ? [] : [`    ${reason}`]
}

/** Green: all is well; yellow: meant to be so, or up with trouble; red: out. */
function paint(text: string, { state, reason }: LinkStatus, colours: boolean): string {
  if (!colours) return text
  const colour = state === 'out' ? 31 : state === 'up' && reason === null ? 32 : 33
  return `\u001b[${colour}m${text}\u001b[0m`
}
