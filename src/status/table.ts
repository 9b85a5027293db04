// In: a Status. Out: what a person reads at a glance. Pure but for this terminal's width and colours, by
// default.

import { renderHeading } from './heading.js'
import { listRows, type Row } from './rows.js'
import type { HealthStatus, LinkStatus, Status } from './status.js'
import { formatBytes, formatLoss, formatRtt, formatShare, wrap } from './units.js'

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
  readonly cell: (row: Row) => string
}

const byLink = (text: (link: LinkStatus) => string) => (row: Row) => (row.first ? text(row.link) : '')
const byHealth = (text: (health: HealthStatus | null) => string) => (row: Row) => text(row.status.health)
const formatCount = (count: number | null) => (count === null ? '-' : String(count))

/** The gateway is the last that differs by family: one that is too long goes on in the empty cells behind it. */
const gateway: Column = { title: 'gateway', left: true, cell: ({ status }) => status.gateway ?? '-' }

const columns: readonly Column[] = [
  { title: 'link', left: true, cell: byLink(({ name }) => name) },
  { title: 'IP', left: true, cell: ({ family }) => family },
  { title: 'state', left: true, cell: ({ state }) => state },
  { title: 'loss', cell: byHealth((health) => formatLoss(health?.loss)) },
  { title: 'rtt', cell: byHealth((health) => formatRtt(health?.rtt)) },
  gateway,
  { title: 'tier', cell: byLink(({ tier }) => String(tier)) },
  { title: 'weight', cell: byLink(({ weight }) => String(weight)) },
  { title: 'share', cell: byLink(({ share }) => formatShare(share)) },
  { title: 'given', cell: byLink(({ given }) => formatShare(given?.share)) },
  { title: 'open', cell: byLink(({ open }) => formatCount(open)) },
  { title: 'in', cell: byLink(({ bytes }) => formatBytes(bytes?.in)) },
  { title: 'out', cell: byLink(({ bytes }) => formatBytes(bytes?.out)) },
]

/** What is left out where there is no room, one step after the other; the config says it too. */
const steps: readonly (readonly string[])[] = [[], ['weight'], ['weight', 'share']]

/** The heading, then a row a link and family, or a block a link where the terminal is too narrow; ends in a newline. */
export function renderStatus(status: Status, terminal: Terminal = thisTerminal()): string {
  const lines = [...renderHeading(status)]
  if (status.links.length > 0) lines.push('', ...renderLinks(status.links, terminal))
  return `${lines.join('\n')}\n`
}

function renderLinks(links: readonly LinkStatus[], terminal: Terminal): string[] {
  const rows = listRows(links)
  const unused = [
    ...(rows.some(({ family }) => family !== '') ? [] : ['IP']),
    ...(rows.some(({ status }) => status.health !== null) ? [] : ['loss', 'rtt']),
    ...(links.some(({ tier }) => tier > 0) ? [] : ['tier']),
  ]
  for (const dropped of steps) {
    const shown = columns.filter(({ title }) => !unused.includes(title) && !dropped.includes(title))
    const widths = shown.map((column) => measure(column, rows))
    const gap = [2, 1].find((gap) => widths.reduce((sum, width) => sum + width + gap, -gap) <= terminal.columns)
    if (gap !== undefined) return renderTable(rows, shown, widths, gap, terminal)
  }
  return rows.flatMap((row, at) => renderBlock(row, rows[at + 1]?.first !== false, terminal))
}

function measure(column: Column, rows: readonly Row[]): number {
  const counted = column === gateway ? rows.filter(({ first }) => first) : rows
  return Math.max(column.title.length, ...counted.map((row) => column.cell(row).length))
}

function renderTable(
  rows: readonly Row[],
  shown: readonly Column[],
  widths: readonly number[],
  gap: number,
  { columns: room, colours }: Terminal,
): string[] {
  const align = (text: string, at: number) =>
    shown[at]?.left ? text.padEnd(widths[at] ?? 0) : text.padStart(widths[at] ?? 0)
  const join = (cells: readonly string[]) => cells.join(' '.repeat(gap)).trimEnd()
  const shownUpTo = shown.indexOf(gateway)
  return [
    join(shown.map(({ title }, at) => align(title, at))),
    ...rows.flatMap((row) => {
      const cells = shown.map((column, at) => align(column.cell(row), at))
      const line = join(row.first ? cells : cells.slice(0, shownUpTo + 1))
      // A family that a link does not have takes one line.
      const short = `${join(cells.slice(0, shownUpTo))}${' '.repeat(gap)}${row.notes.join('; ')}`
      const isShort = !row.first && row.status.gateway === null && row.notes.length > 0 && short.length <= room
      const text = isShort ? short : line
      const state = shown.findIndex(({ title }) => title === 'state')
      const before = widths.slice(0, state).reduce((sum, width) => sum + width + gap, 0)
      const end = before + (widths[state] ?? 0)
      return [
        text.slice(0, before) + paint(text.slice(before, end), row, colours) + text.slice(end),
        ...(isShort ? [] : renderNotes(row, 4, room)),
      ]
    }),
  ]
}

/** For a phone held upright: 40 columns are enough. */
function renderBlock(row: Row, last: boolean, { columns: room, colours }: Terminal): string[] {
  const { link, status, family, first, state } = row
  const { name, weight, tier, share, given, open, bytes } = link
  const indent = first ? 4 : 8
  const label = family === '' ? '' : family === 'v4' ? 'IPv4 ' : 'IPv6 '
  const via = status.gateway === null ? '' : `, via ${status.gateway}`
  const { loss, rtt } = status.health ?? { loss: null, rtt: null }
  return [
    `${first ? `${name} ` : '    '}${label}${paint(state, row, colours)}${via}`,
    ...renderNotes(row, indent, room),
    ...(loss === null ? [] : [`${' '.repeat(indent)}loss ${formatLoss(loss)}, rtt ${formatRtt(rtt)}`]),
    ...(last
      ? [
          ...(tier > 0 ? [`    tier ${tier}`] : []),
          `    weight ${weight}, share ${formatShare(share)}, given ${formatShare(given?.share)}`,
          `    ${formatCount(open)} open, in ${formatBytes(bytes?.in)}, out ${formatBytes(bytes?.out)}`,
        ]
      : []),
  ]
}

function renderNotes({ notes }: Row, indent: number, room: number): string[] {
  return notes.flatMap((note) => wrap(note, room - indent)).map((line) => ' '.repeat(indent) + line)
}

const colourOf = { good: 32, odd: 33, bad: 31 } as const

/** Green: all is well; yellow: meant to be so, or not the whole link; red: out. */
function paint(text: string, { mood }: Row, colours: boolean): string {
  return colours ? `\u001b[${colourOf[mood]}m${text}\u001b[0m` : text
}
