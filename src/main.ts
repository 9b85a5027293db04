// The entry: runs the command line and sets the exit code.

import { run } from './cli.js'
import { exitCode } from './errors.js'

// Whatever the caller's is: folders of ours hold what root runs.
process.umask(0o022)

// `multilink plan | head` is no failure; a full disk is.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(exitCode.done)
  process.stderr.write(`multilink: the output could not be written (${error.code ?? error.message})\n`)
  process.exit(exitCode.refused)
})

void run(process.argv).then((code) => {
  process.exitCode = code
})
