/** The OpenRPC document, judged by the OpenRPC community's own tools, without a network. */

import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import {
  dereferenceDocument,
  MethodCallValidator,
  validateOpenRPCDocument,
  type OpenRPCDocument,
} from '@open-rpc/schema-utils-js';
import { expect, test, vi } from 'vitest';

import { ROOT } from './places.js';

function readDocument(): OpenRPCDocument {
  return JSON.parse(readFileSync(join(ROOT, 'protocol/openrpc.json'), 'utf8')) as OpenRPCDocument;
}

/** The document with everything it refers to in its place; the tool changes what it is given. */
function dereferenced(): Promise<OpenRPCDocument> {
  vi.stubGlobal('fetch', () => Promise.reject(new Error('there is no network')));
  return dereferenceDocument(readDocument());
}

test('the document is valid OpenRPC', () => {
  expect(validateOpenRPCDocument(readDocument())).toBe(true);
});

test('a document that is none is told from it', () => {
  const document = readDocument();
  const [method] = document.methods;
  delete (method as { params?: unknown }).params;
  expect(validateOpenRPCDocument(document)).toMatchObject({ message: expect.stringContaining('params') as string });
});

test('all that the document refers to is in it', async () => {
  const whole = await dereferenced();
  const { methods } = whole;
  expect(methods.length).toBeGreaterThan(10);
  expect(JSON.stringify(methods)).not.toContain('"$ref"');
});

test('calls are told right or wrong by the document alone', async () => {
  const calls = new MethodCallValidator(await dereferenced());
  const filePath = '/home/me/b.kpbackup';
  expect(calls.validate('import_data_from_file', { filePath, overwrite: true })).toEqual([]);
  expect(calls.validate('import_data_from_file', [filePath, true])).toEqual([]);
  expect(calls.validate('import_data_from_file', { filePath })).toHaveLength(1);
  expect(calls.validate('import_data_from_file', { filePath, overwrite: 'yes' })).toHaveLength(1);
  expect(calls.validate('restore_everything', {})).toMatchObject({ message: expect.anything() as string });
});
