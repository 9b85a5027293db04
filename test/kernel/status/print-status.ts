// For read.test.ts, which runs it within a namespace: prints the Status of the root named, or the error.

import { describeFailure } from '../../../src/errors.js'
import { readStatus } from '../../../src/status/read.js'

try {
  process.stdout.write(JSON.stringify(await readStatus(process.argv[2] ?? '/')))
} catch (failure) {
  const { text, code } = describeFailure(failure)
  process.stderr.write(text)
  process.exitCode = code
}
