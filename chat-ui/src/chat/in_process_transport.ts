/** The transport's twin without a network: whoever owns it plays the server, one frame at a time. */
import type { Socket, SocketListener, Transport } from "./transport";

/** The server's end of one connection. */
export interface Peer {
  /** Frames the client has sent, oldest first. */
  readonly sent: readonly string[];
  readonly isOpen: boolean;
  accept(): void;
  deliver(frame: string): void;
  /** Cuts the connection, or refuses it when it was not accepted yet. */
  cut(): void;
}

export interface InProcessTransport extends Transport {
  /** Every connection ever asked for, oldest first. */
  readonly peers: readonly Peer[];
  /** Called for each frame that a client sends. */
  onSent: (peer: Peer, frame: string) => void;
  /** Called when a client wants to connect. */
  onOpen: (peer: Peer) => void;
}

export function inProcessTransport(): InProcessTransport {
  const peers: Peer[] = [];
  const transport: InProcessTransport = {
    peers,
    onSent: () => {},
    onOpen: () => {},
    open(listener) {
      const { peer, socket } = connect(listener, (sender, frame) =>
        transport.onSent(sender, frame),
      );
      peers.push(peer);
      queueMicrotask(() => transport.onOpen(peer));
      return socket;
    },
  };
  return transport;
}

function connect(listener: SocketListener, onSent: (peer: Peer, frame: string) => void) {
  let state: "connecting" | "open" | "closed" = "connecting";
  const sent: string[] = [];
  const peer: Peer = {
    sent,
    get isOpen() {
      return state === "open";
    },
    accept() {
      if (state !== "connecting") return;
      state = "open";
      listener.opened();
    },
    deliver(frame) {
      if (state === "open") listener.received(frame);
    },
    cut() {
      if (state === "closed") return;
      state = "closed";
      listener.closed();
    },
  };
  const socket: Socket = {
    send(frame) {
      if (state !== "open") return;
      sent.push(frame);
      onSent(peer, frame);
    },
    close() {
      state = "closed";
    },
  };
  return { peer, socket };
}
