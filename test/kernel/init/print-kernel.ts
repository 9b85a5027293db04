// For kernel.test.ts, which runs it within a namespace: prints what readKernel() says there.

import { readKernel } from '../../../src/init/kernel.js'

process.stdout.write(JSON.stringify(await readKernel()))
