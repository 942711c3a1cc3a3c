import type { Configuration } from './configuration.ts';

/** OCPP 1.6 §7.27, as far as a charge point looks at it. */
export interface IdTagInfo {
  status: string;
  expiryDate?: string | undefined;
  parentIdTag?: string | undefined;
}

/** What a charge point knows of idTags by itself: authorization cache and local list (OCPP 1.6 §3.5). */
export class Authorization {
  readonly #configuration: Configuration;
  readonly #cache = new Map<string, IdTagInfo>();
  #list = new Map<string, IdTagInfo>();
  listVersion = 0;

  constructor(configuration: Configuration) {
    this.#configuration = configuration;
  }

  /** The list goes before the cache (§3.5.3). undefined: only the central system can tell. */
  known(idTag: string): IdTagInfo | undefined {
    const key = idTag.toUpperCase();
    const listed = this.#configuration.flag('LocalAuthListEnabled') ? this.#list.get(key) : undefined;
    const info = listed ?? (this.#configuration.flag('AuthorizationCacheEnabled') ? this.#cache.get(key) : undefined);
    if (!info?.expiryDate || Date.parse(info.expiryDate) > Date.now()) return info;
    return { ...info, status: 'Expired' };
  }

  learn(idTag: string, info: IdTagInfo): void {
    this.#cache.set(idTag.toUpperCase(), info);
  }

  clearCache(): boolean {
    if (!this.#configuration.flag('AuthorizationCacheEnabled')) return false;
    this.#cache.clear();
    return true;
  }

  /** OCPP 1.6 §5.15 */
  updateList(
    version: number,
    type: 'Full' | 'Differential',
    entries: readonly { idTag: string; idTagInfo?: IdTagInfo | undefined }[],
  ): 'Accepted' | 'Failed' | 'NotSupported' | 'VersionMismatch' {
    if (!this.#configuration.flag('LocalAuthListEnabled')) return 'NotSupported';
    if (version <= 0 || entries.length > this.#configuration.number('SendLocalListMaxLength')) return 'Failed';
    if (type === 'Differential' && version <= this.listVersion) return 'VersionMismatch';
    const list = new Map(type === 'Full' ? [] : this.#list);
    for (const { idTag, idTagInfo } of entries) {
      if (idTagInfo) list.set(idTag.toUpperCase(), idTagInfo);
      else if (type === 'Full') return 'Failed';
      else list.delete(idTag.toUpperCase());
    }
    if (list.size > this.#configuration.number('LocalAuthListMaxLength')) return 'Failed';
    this.#list = list;
    this.listVersion = version;
    return 'Accepted';
  }
}
