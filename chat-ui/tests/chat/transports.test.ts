/** Both transports keep the same promises: the browser's one over a real socket, and its twin. */
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { type WebSocket as ServerSocket, WebSocket, WebSocketServer } from "ws";
import { inProcessTransport } from "../../src/chat/in_process_transport";
import type { Transport } from "../../src/chat/transport";
import { webSocketTransport } from "../../src/chat/websocket_transport";

interface Far {
  send(frame: string): void;
  cut(): void;
  readonly received: string[];
}
interface Setting {
  readonly transport: Transport;
  /** The far end of the first connection, once it is there. */
  far(): Promise<Far>;
  refuse(): void;
  end(): void;
}

async function overSocket(): Promise<Setting> {
  vi.stubGlobal("WebSocket", WebSocket);
  let refusing = false;
  const server = new WebSocketServer({ port: 0, host: "127.0.0.1", verifyClient: () => !refusing });
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  const connected = new Promise<Far>((resolve) => {
    server.on("connection", (socket: ServerSocket) => {
      const received: string[] = [];
      socket.on("message", (data) => received.push(String(data)));
      resolve({ send: (f) => socket.send(f), cut: () => socket.terminate(), received });
    });
  });
  return {
    transport: webSocketTransport(`ws://127.0.0.1:${port}`),
    far: () => connected,
    refuse: () => {
      refusing = true;
    },
    end: () => server.close(),
  };
}

async function inProcess(): Promise<Setting> {
  const transport = inProcessTransport();
  let refusing = false;
  const connected = new Promise<Far>((resolve) => {
    transport.onOpen = (peer) => {
      if (refusing) return peer.cut();
      peer.accept();
      const received = peer.sent as string[];
      resolve({ send: (f) => peer.deliver(f), cut: () => peer.cut(), received });
    };
  });
  return {
    transport,
    far: () => connected,
    refuse: () => {
      refusing = true;
    },
    end: () => {},
  };
}

describe.each([
  ["over a socket", overSocket],
  ["in process", inProcess],
])("a transport %s", (_name, create) => {
  let setting: Setting;
  beforeEach(async () => {
    setting = await create();
  });
  afterEach(() => {
    setting.end();
    vi.unstubAllGlobals();
  });
  const listener = () => ({ opened: vi.fn(), received: vi.fn(), closed: vi.fn() });

  it("opens, carries frames both ways in order, and tells when it is cut", async () => {
    const near = listener();
    const socket = setting.transport.open(near);
    const far = await setting.far();
    await vi.waitFor(() => expect(near.opened).toHaveBeenCalledOnce());
    socket.send("a");
    socket.send("b");
    far.send("1");
    far.send("2");
    await vi.waitFor(() => expect(far.received).toEqual(["a", "b"]));
    await vi.waitFor(() => expect(near.received.mock.calls).toEqual([["1"], ["2"]]));
    far.cut();
    await vi.waitFor(() => expect(near.closed).toHaveBeenCalledOnce());
    socket.send("into the void");
  });

  it("tells a refused connection once, as closed", async () => {
    setting.refuse();
    const near = listener();
    setting.transport.open(near);
    await vi.waitFor(() => expect(near.closed).toHaveBeenCalledOnce());
    expect(near.opened).not.toHaveBeenCalled();
  });

  it("says nothing more once its owner has closed it", async () => {
    const near = listener();
    const socket = setting.transport.open(near);
    const far = await setting.far();
    await vi.waitFor(() => expect(near.opened).toHaveBeenCalledOnce());
    socket.close();
    far.send("late");
    far.cut();
    await new Promise((resolve) => setTimeout(resolve, 30));
    expect(near.received).not.toHaveBeenCalled();
    expect(near.closed).not.toHaveBeenCalled();
  });
});
