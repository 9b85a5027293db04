// The two kinds of failure and how each is printed. Anything else that is thrown is a bug in multilink.

/** Exit codes of every command (multilink(8), EXIT STATUS). */
export const exitCode = { done: 0, configWrong: 1, usage: 2, refused: 3 } as const

/** The admin's file or command line is wrong. `lines` are ready to print, one error each (with its source excerpt). */
export class AdminError extends Error {
  readonly code: number
  constructor(
    readonly lines: readonly string[],
    code: number = exitCode.configWrong,
  ) {
    super(lines.join('\n'))
    this.name = 'AdminError'
    this.code = code
  }
}

/** The system refused: nft, ip, the disk. The message says what to do and whether anything was changed. */
export class SystemError extends Error {
  readonly code = exitCode.refused
  constructor(message: string, options?: ErrorOptions) {
    super(message, options)
    this.name = 'SystemError'
  }
}

/**
 * The text for stderr and the exit code for a failure. What the system refused where nothing more is known of it (a
 * disk that is full, or may only be read) is one line too.
 * An unknown failure keeps its stack: it is ours to mend, and the admin's report needs it.
 */
export function describeFailure(failure: unknown): { text: string; code: number } {
  if (failure instanceof AdminError) return { text: failure.message, code: failure.code }
  if (failure instanceof SystemError) return { text: `multilink: ${failure.message}`, code: failure.code }
  if (isRefusal(failure)) return { text: `multilink: the system refused: ${failure.message}`, code: exitCode.refused }
  const detail = failure instanceof Error ? (failure.stack ?? failure.message) : String(failure)
  return { text: `multilink: a defect in multilink: ${detail}`, code: exitCode.refused }
}

/** An error of a system call, errno(3). */
function isRefusal(failure: unknown): failure is NodeJS.ErrnoException {
  return failure instanceof Error && 'syscall' in failure && 'errno' in failure
}
