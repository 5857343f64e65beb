// Every alarm by its ISA-18.2 state, one section a site, and below how well the alarms serve.
import { usePlant } from "../../live/plant.tsx";
import { Empty, Loading, Problem } from "../../parts/notice.tsx";
import { SiteAlarms } from "./site-alarms.tsx";

export function AlarmsScreen() {
  const { plants, problem, refresh } = usePlant();
  return (
    <>
      <header className="pagehead">
        <h1>Alarms</h1>
      </header>
      {plants === null && (problem ? <Problem text={problem} retry={refresh} /> : <Loading what="the plant" />)}
      {plants?.length === 0 && <Empty title="No plant is described yet">Without machines there is nothing that could raise an alarm.</Empty>}
      {plants?.map((plant) => <SiteAlarms key={plant.site} plant={plant} />)}
    </>
  );
}
