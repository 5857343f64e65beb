// Who is signed in, for the whole page; each signing in gets a connection of its own to the server.
import { createContext, type ReactNode, useCallback, useContext, useEffect, useMemo, useState } from "react";
import { Provider } from "urql";
import { readSigned, type Signed, signOut } from "../api/access.ts";
import { makeClient } from "../api/client.ts";

interface Access {
  signed: Signed;
  /** Asks anew who is signed in, after signing in or a new password. */
  entered: () => void;
  leave: () => Promise<void>;
}

const View = createContext<Access | null>(null);

export function useAccess(): Access {
  const view = useContext(View);
  if (view === null) throw new Error("useAccess is for what stands inside AccessProvider");
  return view;
}

interface Props {
  /** What is shown to who has to sign in first. */
  door: ReactNode;
  reading: ReactNode;
  children: ReactNode;
}

export function AccessProvider({ door, reading, children }: Props) {
  const [signed, setSigned] = useState<Signed | null>(null);
  const [session, setSession] = useState(0);
  const enter = useCallback(() => {
    void readSigned().then((read) => {
      setSigned(read);
      setSession((last) => last + 1);
    });
  }, []);
  useEffect(enter, [enter]);
  // Who is still let in stays where they are: otherwise a server that contradicts itself would be asked for ever.
  const lost = useCallback(() => void readSigned().then((read) => !mayEnter(read) && setSigned(read)), []);
  const leave = useCallback(async () => {
    const elsewhere = await signOut();
    if (elsewhere === null) enter();
    else location.assign(elsewhere);
  }, [enter]);
  const view = useMemo(() => signed && { signed, entered: enter, leave }, [signed, enter, leave]);
  if (view === null) return reading;
  return (
    <View.Provider value={view}>
      {mayEnter(view.signed) ? (
        <Session key={session} lost={lost}>
          {children}
        </Session>
      ) : (
        door
      )}
    </View.Provider>
  );
}

function mayEnter({ mode, signedIn, mustChangePassword }: Signed): boolean {
  return mode === "local" || (signedIn && !mustChangePassword);
}

/** As long as somebody is signed in; when that may have ended, the server is asked who is. */
function Session({ lost, children }: { lost: () => void; children: ReactNode }) {
  const [made, setMade] = useState<ReturnType<typeof makeClient> | null>(null);
  useEffect(() => {
    const client = makeClient(lost);
    setMade(client);
    return client.end;
  }, [lost]);
  return made && <Provider value={made.client}>{children}</Provider>;
}
