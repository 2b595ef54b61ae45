/** What docs/deploy has, read as its readers do. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseAllDocuments } from 'yaml';

export const DEPLOY = 'docs/deploy';

export interface Named {
  readonly name: string;
}

interface Probe {
  readonly httpGet: { readonly path: string; readonly port: string };
}

export interface Container extends Named {
  readonly image: string;
  readonly args: readonly string[];
  readonly envFrom?: readonly { readonly configMapRef: Named }[];
  readonly env: readonly (Named & { readonly valueFrom: { readonly secretKeyRef: Named } })[];
  readonly ports: readonly (Named & { readonly containerPort: number })[];
  readonly startupProbe?: Probe;
  readonly readinessProbe: Probe;
  readonly livenessProbe: Probe;
  readonly lifecycle?: { readonly preStop: { readonly exec: { readonly command: string[] } } };
  readonly volumeMounts?: readonly (Named & { readonly mountPath: string })[];
}

export interface Pod {
  readonly enableServiceLinks: boolean;
  readonly terminationGracePeriodSeconds: number;
  readonly securityContext: { readonly runAsNonRoot: boolean };
  readonly containers: readonly Container[];
  readonly volumes?: readonly (Named & {
    readonly persistentVolumeClaim?: { readonly claimName: string };
  })[];
}

/** Of any kind: each has some of it. */
export interface Manifest {
  readonly kind: string;
  readonly metadata: Named;
  readonly data?: Readonly<Record<string, string>>;
  readonly resources?: readonly string[];
  readonly spec: {
    readonly replicas?: number;
    readonly selector?: Readonly<Record<string, unknown>>;
    readonly ports?: readonly { readonly port: number; readonly targetPort: string }[];
    readonly volumeClaimTemplates?: readonly { readonly metadata: Named }[];
    readonly template?: {
      readonly metadata: {
        readonly labels: Readonly<Record<string, string>>;
        readonly annotations?: Readonly<Record<string, string>>;
      };
      readonly spec: Pod;
    };
  };
}

/** Whatever of a manifest runs. */
export interface Workload {
  readonly name: string;
  readonly manifest: Manifest;
  readonly pod: Pod;
  readonly container: Container;
}

export function textOf(name: string): string {
  return readFileSync(join(DEPLOY, name), 'utf8');
}

/** Relative to docs/deploy. */
export function deployFiles(): readonly string[] {
  return readdirSync(DEPLOY, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(DEPLOY.length + 1));
}

/** @throws Error where a document does not parse */
export function documentsOf(name: string): readonly unknown[] {
  return parseAllDocuments(textOf(name)).map((document) => {
    if (document.errors[0] !== undefined) throw document.errors[0];
    return document.toJS() as unknown;
  });
}

export function manifests(): readonly Manifest[] {
  return deployFiles()
    .filter((name) => name.startsWith('kubernetes/'))
    .flatMap((name) => documentsOf(name) as Omit<Manifest, 'spec'>[])
    .map((document) => ({ spec: {}, ...document }));
}

export function workloads(): readonly Workload[] {
  return manifests().flatMap((manifest) => {
    const pod = manifest.spec.template?.spec;
    const container = pod?.containers[0];
    if (pod === undefined || container === undefined) return [];
    return [{ name: `${manifest.kind} ${manifest.metadata.name}`, manifest, pod, container }];
  });
}

/** A unit's or an INI file's last value of a setting. */
export function settingOf(text: string, name: string): string | undefined {
  return [...text.matchAll(new RegExp(`^${name}=(.*)$`, 'gm'))].at(-1)?.[1];
}

/** A Dockerfile's instructions in their order; continued lines are one. */
export function stepsOf(name: string): readonly (readonly [instruction: string, rest: string])[] {
  const lines = textOf(name)
    .replaceAll(/^#.*\n/gm, '')
    .replaceAll(/\\\n\s*/g, ' ')
    .split('\n')
    .filter((line) => line.trim() !== '');
  return lines.map((line) => {
    const [, instruction = '', rest = ''] = /^(\w+)\s+(.*)$/.exec(line) ?? [];
    return [instruction, rest] as const;
  });
}
