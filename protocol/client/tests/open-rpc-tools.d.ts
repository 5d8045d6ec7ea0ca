/** What is used of @open-rpc/schema-utils-js; its own types do not compile as strictly as ours (see tsconfig.json). */

export interface OpenRPCDocument {
  openrpc: string;
  methods: Array<{ name: string; params: unknown[] }>;
}

export function validateOpenRPCDocument(document: OpenRPCDocument): true | { message: string };
export function dereferenceDocument(document: OpenRPCDocument): Promise<OpenRPCDocument>;

export class MethodCallValidator {
  constructor(document: OpenRPCDocument);
  /** The faults of the params, none if there are none; or one error for a method that is not there. */
  validate(method: string, params: unknown): Array<{ message: string }> | { message: string };
}
