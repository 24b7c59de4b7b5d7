/** The transport of the deployed page: a browser WebSocket. */
import type { Socket, SocketListener, Transport } from "./transport";

export function webSocketTransport(url: string): Transport {
  return { open: (listener) => openSocket(url, listener) };
}

function openSocket(url: string, listener: SocketListener): Socket {
  const socket = new WebSocket(url);
  let over = false;
  const finish = () => {
    if (over) return;
    over = true;
    listener.closed();
  };
  socket.addEventListener("open", () => {
    if (!over) listener.opened();
  });
  socket.addEventListener("message", ({ data }) => {
    if (!over && typeof data === "string") listener.received(data);
  });
  socket.addEventListener("close", finish);
  socket.addEventListener("error", () => {
    // A half-open socket can stay in CLOSING for minutes: its owner should not wait for that.
    finish();
    socket.close();
  });
  return {
    send(frame) {
      if (!over && socket.readyState === WebSocket.OPEN) socket.send(frame);
    },
    close() {
      over = true;
      socket.close();
    },
  };
}
