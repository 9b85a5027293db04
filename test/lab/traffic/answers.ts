// What the traffic programs tell each other and the tests.

/** Length of every answer of a UDP `who` server: an address, padded. */
export const answerLength = 16

/** One connection or datagram as a server saw it. */
export interface Heard {
  /** the address it came from: a gateway's public address when it crossed one */
  readonly from: string
  /** the server's address it came to */
  readonly to: string
}

/** One connection attempt as the client saw it; `seenAs` is the address the server saw it come from. */
export interface Answer {
  readonly host: string
  readonly seenAs?: string
  readonly error?: string
  /** when it began, in ms of Date.now(), and how long it took */
  readonly at: number
  readonly took: number
}

export interface Ask {
  readonly host: string
  readonly port: number
  readonly localAddress?: string
  /** ms; default waitLimit, which only means that it hangs; `silence` where no answer may come */
  readonly timeout?: number
}

/** A long-lived stream as the client sees it now. */
export interface StreamState {
  readonly host: string
  /** the address the socket has, whatever it is translated to */
  readonly localAddress: string
  readonly seenAs: string
  /** bytes sent and come back unchanged */
  readonly intact: number
  /** what went wrong, if anything did */
  readonly error?: string
}
