// How the page is built and tested; in development the backend is asked through a proxy.
import react from "@vitejs/plugin-react";
import { defineConfig } from "vitest/config";

const backend = process.env["MILLWRIGHT_URL"] ?? "http://127.0.0.1:4000";

export default defineConfig({
  plugins: [react()],
  base: "/",
  build: { target: "es2022", assetsInlineLimit: 0, modulePreload: { polyfill: false } },
  server: { proxy: { "/graphql": { target: backend, ws: true, changeOrigin: false } } },
  test: { include: ["src/**/*.test.{ts,tsx}"], environment: "node" },
});
