// Lists of jobs: those that run or wait, and those that ended last.

import { make, setText, toast } from "./dom.js";
import { ask } from "./dialogs.js";
import { button, keep, link, show } from "./parts.js";
import { jobWord, kindWord, sign } from "./states.js";
import { lasting, moment, t } from "./words.js";

export const titleOf = (job) => job.title || job.job_id;

export async function askCancel(connection, job) {
  const sure = await ask({
    title: t("Cancel this job?"),
    text: [titleOf(job), t("It is stopped and reported to the platform as cancelled.")],
    no: t("Let it run"),
    choices: [{ value: "cancel", label: t("Cancel the job"), style: "primary danger" }],
  });
  if (!sure) return;
  await connection.call("cancel", { job_id: job.job_id });
  toast(t("The job is being cancelled."));
}

export class OpenJobs {
  constructor(connection) {
    this.connection = connection;
    this.list = make("ul", { class: "jobs" });
    this.empty = make("p", { class: "empty" });
  }

  take(snapshot) {
    keep(this.list, snapshot.jobs, (job) => job.key, (job) => this.row(job), paint);
    this.list.hidden = !snapshot.jobs.length;
    this.empty.hidden = snapshot.jobs.length > 0;
    setText(this.empty, snapshot.paused ? t("No job runs. New ones wait until you resume.") : t("No job runs or waits."));
  }

  row(job) {
    const row = make("li", {}, make("span", { class: "look" }), link("", `#job=${job.key}`, { class: "name" }), make("span", { class: "sub" }));
    row.cancel = button(t("Cancel {title}", { title: titleOf(job) }), () => askCancel(this.connection, job), { name: "close", style: "quiet danger" });
    row.append(row.cancel);
    return row;
  }
}

function paint(row, job) {
  const [look, name, sub] = row.children;
  show(look, job.state, () => sign(job.state));
  setText(name, titleOf(job));
  name.title = titleOf(job);
  show(sub, [job.state, job.since], () => [`${kindWord(job.kind)} · ${jobWord(job.state)} · `, lasting(job.since)]);
  row.cancel.hidden = job.state === "stopping";
}

export class EndedJobs {
  constructor() {
    this.list = make("ul", { class: "jobs ended" });
    this.empty = make("p", { class: "empty" }, t("No job has ended since the agent started."));
  }

  take(ended) {
    const newest = [...ended].reverse().slice(0, 8);
    keep(this.list, newest, (job) => job.key, endedRow, () => {});
    this.empty.hidden = newest.length > 0;
    this.list.hidden = !newest.length;
  }
}

function endedRow(job) {
  const failed = job.failed ? ` · ${t("{count} {result}", { count: job.failed, result: t("failed") })}` : "";
  return make(
    "li",
    {},
    make("span", { class: "look" }, sign(job.state)),
    link(titleOf(job), `#job=${job.key}`, { class: "name", title: titleOf(job) }),
    make("span", { class: "sub" }, `${kindWord(job.kind)} · ${jobWord(job.state)}${failed} · `, moment(job.at)),
  );
}

