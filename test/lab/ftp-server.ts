// A real FTP server (vsftpd) in the lab's internet. In: the lab; out: the path of a file it serves and what
// it logged. It refuses a data connection that does not come from where the control connection came from.

import { chmod, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { execa } from 'execa'
import { cleanEnvironment, within } from './namespaces.js'
import type { Lab } from './network.js'
import { until } from './wait.js'

export interface FtpServer {
  /** name and content of the file it serves */
  readonly file: string
  readonly content: string
  /** the addresses that fetched or listed, in order */
  clients(): Promise<string[]>
  close(): Promise<void>
}

/** Starts vsftpd on every server address of the lab, for anonymous readers. */
export async function startFtpServer(lab: Lab): Promise<FtpServer> {
  const place = await mkdtemp(join(tmpdir(), 'multilink-ftp-'))
  // its anonymous reader is the user ftp
  await chmod(place, 0o755)
  const root = join(place, 'root')
  const log = join(place, 'log')
  const [file, content] = ['greeting.txt', 'content of the greeting\n'.repeat(1000)]
  await mkdir(root)
  await mkdir(join(place, 'empty'))
  await writeFile(join(root, file), content)
  await writeFile(join(place, 'vsftpd.conf'), settings(root, log, join(place, 'empty')))
  const [program, ...args] = within(lab.namespace('internet'), ['vsftpd', join(place, 'vsftpd.conf')]) as [
    string,
  ]
  const server = execa(program, args, {
    env: cleanEnvironment,
    extendEnv: false,
    reject: false,
    stdin: 'ignore',
  })
  const listening = async (): Promise<boolean> => {
    const { stdout } = await lab.run('internet', ['ss', '-Hltn', 'sport = :21'])
    return stdout !== ''
  }
  await until('vsftpd listens', listening)
  return {
    file,
    content,
    clients: async () => {
      const lines = (await readFile(log, 'utf8').catch(() => '')).split('\n')
      return lines.flatMap((line) => /CONNECT: Client "(?:::ffff:)?([\d.]+)"/.exec(line)?.[1] ?? [])
    },
    close: async () => {
      server.kill('SIGTERM')
      await server
      await rm(place, { recursive: true })
    },
  }
}

function settings(root: string, log: string, empty: string): string {
  const lines = {
    listen: 'YES',
    background: 'NO',
    anonymous_enable: 'YES',
    local_enable: 'NO',
    anon_root: root,
    secure_chroot_dir: empty,
    no_anon_password: 'YES',
    connect_from_port_20: 'YES',
    pasv_promiscuous: 'NO',
    port_promiscuous: 'NO',
    xferlog_enable: 'YES',
    xferlog_std_format: 'NO',
    vsftpd_log_file: log,
    log_ftp_protocol: 'YES',
    // its own network namespace would take it out of the lab's
    isolate: 'NO',
    isolate_network: 'NO',
    seccomp_sandbox: 'NO',
  }
  return Object.entries(lines)
    .map(([key, value]) => `${key}=${value}\n`)
    .join('')
}
