/** Tabs of one browser that hear each other, without a browser. */
import type { Tabs, Tidings } from "../src/chat/tabs";

/** Each call of what comes back is another tab. */
export function memoryTabs(): () => Tabs {
  const listeners = new Map<object, (tidings: Tidings) => void>();
  return () => {
    const self = {};
    return {
      tell(tidings) {
        for (const [tab, listener] of listeners) {
          if (tab !== self) queueMicrotask(() => listener(structuredClone(tidings)));
        }
      },
      listen(listener) {
        listeners.set(self, listener);
        return () => void listeners.delete(self);
      },
    };
  };
}
