// @vitest-environment happy-dom
import { cleanup, render, screen } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import type { Ticket } from "../../src/api/schema";
import { inProcessTransport } from "../../src/chat/in_process_transport";
import { SignInGate } from "../../src/features/sign_in/SignInGate";
import { isCredential, SignIn, signedFetch } from "../../src/features/sign_in/sign_in";
import { AHEAD_MS, ticketTransport } from "../../src/features/sign_in/ticket_transport";

const KEY = `ec_ci_${"A".repeat(43)}`;

describe("the gate", () => {
  afterEach(cleanup);

  test("shows the page only to somebody with a credential", async () => {
    const signIn = new SignIn(null);
    render(
      <SignInGate signIn={signIn} authMode="api-key">
        <p>the page</p>
      </SignInGate>,
    );
    expect(screen.queryByText("the page")).toBeNull();
    await userEvent.type(screen.getByLabelText("API key"), ` ${KEY} `);
    await userEvent.click(screen.getByRole("button", { name: "Sign in" }));
    expect(screen.getByText("the page")).toBeTruthy();
    expect(signIn.credential()).toBe(KEY);
  });

  test("comes back with a reason when the server refuses the credential", async () => {
    const signIn = new SignIn(null);
    signIn.give(KEY);
    signIn.refuse(KEY);
    render(
      <SignInGate signIn={signIn} authMode="api-key">
        <p>the page</p>
      </SignInGate>,
    );
    expect(screen.getByRole("alert").textContent).toMatch(/did not accept/);
  });

  test("is not there where nobody signs in", () => {
    render(
      <SignInGate signIn={null} authMode="none">
        <p>open to all</p>
      </SignInGate>,
    );
    expect(screen.getByText("open to all")).toBeTruthy();
  });

  test.each(["", "two words", "line\nbreak", "ключ-ключ-ключ"])("%j is no credential", (text) => {
    expect(isCredential(text)).toBe(false);
  });
});

describe("requests", () => {
  test("carry the credential, and a 401 forgets it", async () => {
    const signIn = new SignIn(null);
    signIn.give(KEY);
    const sent: Headers[] = [];
    let status = 200;
    const send = signedFetch(signIn, async (_, init) => {
      sent.push(new Headers(init?.headers));
      return new Response("{}", { status });
    });
    await send("https://api/conversations", { headers: { accept: "text/plain" } });
    expect(sent[0]?.get("authorization")).toBe(`Bearer ${KEY}`);
    expect(sent[0]?.get("accept")).toBe("text/plain");
    status = 401;
    await send("https://api/conversations");
    expect(signIn.credential()).toBeNull();
    expect(signIn.wasRefused()).toBe(true);
  });

  test("a late refusal of an old credential leaves the new one", () => {
    const signIn = new SignIn(null);
    signIn.give(KEY);
    signIn.give(`${KEY}2`);
    signIn.refuse(KEY);
    expect(signIn.credential()).toBe(`${KEY}2`);
  });
});

describe("sockets", () => {
  beforeEach(() => {
    vi.useFakeTimers();
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  const ticket = (name: string): Ticket => ({
    ticket: name,
    expires_in_s: 60,
    sign_in_lasts_s: 900,
  });

  function opened(tickets: () => Promise<Ticket>) {
    const inner = inProcessTransport();
    const addresses: string[] = [];
    const told: string[] = [];
    const connect = (url: string) => {
      addresses.push(url);
      return inner;
    };
    const socket = ticketTransport("wss://chat/ws", connect, tickets).open({
      opened: () => told.push("opened"),
      received: (frame) => told.push(frame),
      closed: () => told.push("closed"),
    });
    return { inner, addresses, told, socket };
  }

  test("open with a ticket and are renewed with another before the sign-in ends", async () => {
    let number = 0;
    const { inner, addresses, told } = opened(async () => ticket(`t/${++number}`));
    await vi.advanceTimersByTimeAsync(0);
    expect(addresses).toEqual(["wss://chat/ws?ticket=t%2F1"]);
    inner.peers[0]?.accept();
    await vi.advanceTimersByTimeAsync(900_000 - AHEAD_MS);
    expect(inner.peers[0]?.sent.map((frame) => JSON.parse(frame))).toEqual([
      { action: "auth", token: "t/2" },
    ]);
    expect(told).toEqual(["opened"]);
  });

  test("without a ticket never open, and say so once", async () => {
    const { addresses, told } = opened(() => Promise.reject(new Error("401")));
    await vi.advanceTimersByTimeAsync(0);
    expect(addresses).toEqual([]);
    expect(told).toEqual(["closed"]);
  });

  test("end when the sign-in cannot be renewed", async () => {
    let number = 0;
    const { inner, told } = opened(() =>
      ++number === 1 ? Promise.resolve(ticket("one")) : Promise.reject(new Error("401")),
    );
    await vi.advanceTimersByTimeAsync(0);
    inner.peers[0]?.accept();
    await vi.advanceTimersByTimeAsync(900_000);
    expect(told).toEqual(["opened", "closed"]);
    expect(inner.peers[0]?.isOpen).toBe(false);
  });

  test("that were closed meanwhile use no ticket", async () => {
    const { addresses, told, socket } = opened(async () => ticket("late"));
    socket.close();
    await vi.advanceTimersByTimeAsync(0);
    expect(addresses).toEqual([]);
    expect(told).toEqual([]);
  });
});
