import type { BootStage, EventOf } from '../event-log/event.ts';
import { markup, type Markup } from './markup.ts';
import { stackedBar } from './plots.ts';

const stageNames: readonly BootStage['name'][] = ['restored', 'firmware', 'loader', 'kernel', 'init', 'login', 'ssh'];
const looks: Record<BootStage['name'], string> = {
  restored: 'tone5',
  firmware: 'tone1',
  loader: 'tone2',
  kernel: 'tone3',
  init: 'tone4',
  login: 'tone5',
  ssh: 'tone6',
};

/** One bar a boot, all on the same scale (`longest` seconds is the full width), and the stages in words. */
export function bootTable(boots: readonly EventOf<'device-boot'>[], longest: number): Markup {
  return markup`<ul class="boots">${boots.map((boot) => {
    const bar = stackedBar(
      boot.stages.map(({ name, seconds }) => ({ name, seconds, look: looks[name] })),
      longest,
    );
    const stages = boot.stages.map(
      ({ name, seconds }) => markup` <span class="stage"><i class="${looks[name]}"></i>${name} ${seconds.toFixed(1)}</span>`,
    );
    return markup`<li><p><b>${boot.totalSeconds.toFixed(1)} s</b> ${boot.device}${boot.slot === undefined ? undefined : markup` · slot ${boot.slot}`} · <time datetime="${boot.startedAt ?? boot.at}">${(boot.startedAt ?? boot.at).slice(11, 19)}</time>${
      boot.bootId === undefined ? undefined : markup` <span class="faint">boot ${boot.bootId.slice(0, 8)}</span>`
    }</p>${bar}<p class="faint">${stages}</p></li>`;
  })}</ul>`;
}

/** The middle of each stage over all boots, in words. */
export function typicalBoot(boots: readonly EventOf<'device-boot'>[]): string {
  const stages = stageNames
    .map((name) => ({
      name,
      seconds: boots.flatMap((boot) => boot.stages.filter((stage) => stage.name === name).map((stage) => stage.seconds)),
    }))
    .filter(({ seconds }) => seconds.length > 0)
    .map(({ name, seconds }) => `${name} ${median(seconds).toFixed(1)}`);
  return `median ${median(boots.map((boot) => boot.totalSeconds)).toFixed(1)} s: ${stages.join(', ')}`;
}

const median = (values: number[]): number => values.toSorted((a, b) => a - b)[Math.floor((values.length - 1) / 2)] ?? 0;
