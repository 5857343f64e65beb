// A live connection that the test can cut and mend, as a plant's radio does.
import type { Page, WebSocketRoute } from "playwright-core";

export interface Link {
  cut(): Promise<void>;
  mend(): void;
}

export async function linkOf(page: Page): Promise<Link> {
  const open = new Set<WebSocketRoute>();
  let down = false;
  await page.routeWebSocket(/\/graphql\/ws$/, (socket) => {
    if (down) {
      void socket.close({ code: 1001 });
      return;
    }
    open.add(socket);
    socket.connectToServer();
  });
  return {
    cut: async () => {
      down = true;
      await Promise.all([...open].map((socket) => socket.close({ code: 1001 })));
      open.clear();
    },
    mend: () => {
      down = false;
    },
  };
}
