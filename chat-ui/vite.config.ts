import tailwindcss from "@tailwindcss/vite";
import react from "@vitejs/plugin-react";
import { defineConfig } from "vitest/config";

/** Where `npm run dev` finds the backend: the local stack of `make run`. */
const backend = process.env.BACKEND_URL ?? "http://localhost:3000";

export default defineConfig({
  plugins: [react(), tailwindcss()],
  build: { target: "es2022", sourcemap: false, chunkSizeWarningLimit: 700 },
  // One KaTeX, that of the style sheet: rehype-katex would bring an older one of its own.
  resolve: { dedupe: ["katex"] },
  server: {
    port: 5173,
    proxy: {
      "/config.json": backend,
      "/api": backend,
      "/ws": { target: backend.replace(/^http/, "ws"), ws: true },
    },
  },
  test: {
    include: ["tests/**/*.test.{ts,tsx}"],
    environment: "node",
    // A desktop: the sidebar and the source panel stand beside the thread.
    environmentOptions: { happyDOM: { width: 1440, height: 900 } },
    restoreMocks: true,
    testTimeout: 30_000,
  },
});
