// The entry: runs the command line and sets the exit code.

import { run } from './cli.js'

void run(process.argv).then((code) => {
  process.exitCode = code
})
