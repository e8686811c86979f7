import type Docker from 'dockerode';
import type { RunOptions, ShellResult } from '../shell/shell.ts';

/** One service of an app, in the words of the compose file that the supervisor understands. */
export interface ServiceSpec {
  /** Default: boardwalk's own service image, loaded from a tar, never pulled. */
  image?: string;
  command?: string | string[];
  environment?: Record<string, string>;
  labels?: Record<string, string>;
  volumes?: string[];
  tmpfs?: string[];
  networkMode?: 'host' | 'bridge';
  privileged?: boolean;
  ports?: string[];
  running?: boolean;
}

export interface AppSpec {
  /** The app's id; default 1234. */
  id?: number;
  name: string;
  /** The device's name in the target state. Omitted: the last one stays. */
  deviceName?: string;
  services: Record<string, ServiceSpec>;
  volumes?: string[];
}

/** A deployed service, found anew by its labels on every call, so that a re-created container isn't a stale handle. */
export interface Service {
  readonly name: string;
  readonly appId: number;
  /** The container's id as of now. */
  containerId(): Promise<string>;
  /** The engine's account of it. */
  inspect(): Promise<Docker.ContainerInspectInfo>;
  /** Runs `sh -c command` in the container. */
  run(command: string, options?: RunOptions): Promise<ShellResult>;
  check(command: string, options?: RunOptions): Promise<string>;
  /** The environment of the container's first process, as it sees it. */
  environment(): Promise<Record<string, string>>;
  /** stdout and stderr so far. */
  logs(): Promise<string>;
  /** Resolves once the container runs (again). */
  running(options: { timeout: number; signal?: AbortSignal }): Promise<void>;
}

export interface App {
  readonly id: number;
  readonly services: Record<string, Service>;
  service(name: string): Service;
}

/** The device's container engine, and services under its supervisor. */
export interface Engine {
  readonly docker: Docker;
  ready(options: { timeout: number; signal?: AbortSignal }): Promise<void>;
  /** Loads the image that deployed services run, unless it is there. deploy() does so too. */
  preload(options?: { signal?: AbortSignal }): Promise<void>;
  /** Posts the app as local target state and resolves once each service that should run does so with this spec. */
  deploy(app: AppSpec, options?: { timeout?: number; signal?: AbortSignal }): Promise<App>;
  /** An empty target state: containers and volumes of all apps go. */
  clear(): Promise<void>;
}
