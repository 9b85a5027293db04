// FTP, active and passive, fetch and list, over each link: curl and a real vsftpd, gateways that translate
// FTP's commands. The data connection is a related one: it must leave by its control connection's link, which
// vsftpd checks, and take no turn of its own.

import t from 'tap'
import { waitLimit } from '../limits.js'
import { balancedLab, linkNames } from './scenario.js'
import { startFtpServer } from './ftp-server.js'
import { linkSeenAs, server } from './topology.js'

const modes = {
  passive: ['--ftp-pasv'],
  'passive (PASV only)': ['--disable-epsv'],
  active: ['--ftp-port', '-'],
}

t.test('FTP', async (t) => {
  const lab = await balancedLab(t, { ftp: true })
  const ftp = await startFtpServer(lab)
  t.teardown(() => ftp.close())
  const url = `ftp://${server(1)}/`
  const curl = ['curl', '--silent', '--show-error', '--max-time', String(waitLimit / 1000)]
  const whole = (text: string): boolean => text.trimEnd() === ftp.content.trimEnd()
  let sessions = 0

  /** One session a link; resolves to what each printed, and the links they were seen over. */
  const sessionsOf = async (place: 'box' | 'lan', args: string[], each: string[][] = [[], [], []]) => {
    const printed: string[] = []
    for (const more of each) {
      const program = [...curl, ...args, ...more]
      const result = await (place === 'box'
        ? lab.box.run(program, { reject: false })
        : lab.run(place, program, { reject: false }))
      printed.push(result.code === 0 ? result.stdout : result.stderr)
    }
    const over = (await ftp.clients()).slice(sessions).map(linkSeenAs)
    sessions += over.length
    return { printed, over }
  }

  for (const [mode, args] of Object.entries(modes)) {
    for (const [place, whose] of [
      ['box', 'this machine'],
      ['lan', 'a LAN host'],
    ] as const) {
      await t.test(`${mode}, from ${whose}: fetch and list over each link in turn`, async (t) => {
        const fetched = await sessionsOf(place, [...args, url + ftp.file])
        for (const text of fetched.printed) t.ok(whole(text), `the file is whole: ${text.slice(0, 70)}`)
        t.same(fetched.over.sort(), [...linkNames].sort(), 'one session a link: data took no turn')
        const listed = await sessionsOf(place, [...args, url])
        for (const text of listed.printed) t.match(text, ftp.file, 'the list names the file')
        t.same(listed.over.sort(), [...linkNames].sort())
      })
    }
    await t.test(`${mode}, bound to each link's device`, async (t) => {
      // For active FTP curl takes the address to be told to the server from the interface named to
      // --ftp-port.
      const each = linkNames.map((name) => [
        '--interface',
        name,
        ...(mode === 'active' ? ['--ftp-port', name] : []),
      ])
      const bound = await sessionsOf('box', [...args, url + ftp.file], each)
      for (const text of bound.printed) t.ok(whole(text), `the file is whole: ${text.slice(0, 70)}`)
      t.same(bound.over, linkNames)
    })
  }
})
