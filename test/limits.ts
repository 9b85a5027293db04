// Limits of time that only mean "this hangs". They are generous, because they cost nothing where all is well; no test
// says with one of them how fast something is. MULTILINK_TEST_PATIENCE=3 makes all of them three times as long.

const patience = Number(process.env['MULTILINK_TEST_PATIENCE'] ?? 1)
if (!(patience > 0)) throw new Error(`MULTILINK_TEST_PATIENCE: a number above 0, not ${patience}`)

/** One command of a test, in milliseconds. */
export const commandLimit = 120_000 * patience
/** Waiting for a condition, in milliseconds. */
export const waitLimit = 60_000 * patience
/** What makes a whole Debian (mmdebstrap) or looks through a package (piuparts), in milliseconds. */
export const installLimit = 600_000 * patience
/** One test file, in milliseconds; the run's, so that no test needs a limit of its own. */
export const fileLimit = 2_700_000 * patience
/**
 * How long a test listens where nothing may come and no order of events shows it, in milliseconds. On a slow machine a
 * wrong answer may come too late to be heard; a right one is never waited for with this.
 */
export const silence = 500 * patience

/** What a program of a test gets in its environment to have the same limits. */
export const limitsEnvironment = { MULTILINK_TEST_PATIENCE: String(patience) } as const
