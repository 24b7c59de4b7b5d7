/** A transport that gets a ticket before it connects, and renews the sign-in before it ends. */
import type { Ticket } from "../../api/schema";
import type { Socket, Transport } from "../../chat/transport";
import { encodeMessage } from "../../protocol/codec";

const SECOND = 1_000;
/** How long before a sign-in ends it is renewed. */
export const AHEAD_MS = 60 * SECOND;
/** The least time between two tickets of one socket. */
export const LEAST_MS = 10 * SECOND;

/** `connect` makes the transport to an address that carries the ticket. */
export function ticketTransport(
  url: string,
  connect: (url: string) => Transport,
  ticket: () => Promise<Ticket>,
): Transport {
  return {
    open(listener) {
      let socket: Socket | null = null;
      let over = false;
      let renewal: ReturnType<typeof setTimeout> | undefined;
      const leave = () => {
        over = true;
        clearTimeout(renewal);
        socket?.close();
      };
      const fail = () => {
        if (over) return;
        leave();
        listener.closed();
      };
      const whenIssued = (use: (issued: Ticket) => void) => {
        ticket().then((issued) => {
          if (over) return;
          use(issued);
          const wait = Math.max(LEAST_MS, issued.sign_in_lasts_s * SECOND - AHEAD_MS);
          renewal = setTimeout(renew, wait);
        }, fail);
      };
      const renew = () =>
        whenIssued((issued) => {
          socket?.send(encodeMessage({ action: "auth", token: issued.ticket }));
        });
      whenIssued((issued) => {
        const address = new URL(url);
        address.searchParams.set("ticket", issued.ticket);
        socket = connect(address.href).open({ ...told(listener), closed: fail });
      });
      return { send: (frame) => socket?.send(frame), close: leave };
    },
  };
}

function told({ opened, received }: Parameters<Transport["open"]>[0]) {
  return { opened: () => opened(), received: (frame: string) => received(frame) };
}
