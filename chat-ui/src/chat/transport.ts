/** The one way to a server: text frames both ways. What they mean is not known here. */

/** What a transport tells its owner. After `closed`, and after `close()`, nothing more is told. */
export interface SocketListener {
  opened(): void;
  received(frame: string): void;
  closed(): void;
}

export interface Socket {
  /** Sends one frame; a socket that is not open drops it (the protocol survives lost frames). */
  send(frame: string): void;
  close(): void;
}

export interface Transport {
  /** Starts to connect; exactly one of `opened` or `closed` follows. */
  open(listener: SocketListener): Socket;
}
