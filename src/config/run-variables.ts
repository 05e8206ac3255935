// The variables that every run has, where the daemon has them, and what names say about a value.

/** Of the contract. No skill may choose one of them for itself. */
export const baseVariables = [
  'PATH',
  'HOME',
  'USER',
  'LOGNAME',
  'SHELL',
  'LANG',
  'LC_ALL',
  'TERM',
  'TZ',
  'SSH_AUTH_SOCK',
  'HTTP_PROXY',
  'HTTPS_PROXY',
  'NO_PROXY',
  'ALL_PROXY',
  'http_proxy',
  'https_proxy',
  'no_proxy',
  'all_proxy',
  'SSL_CERT_FILE',
  'SSL_CERT_DIR',
  'NODE_EXTRA_CA_CERTS',
  'REQUESTS_CA_BUNDLE',
  'CURL_CA_BUNDLE',
] as const;

/** Whether the name speaks of a secret. */
export function speaksOfSecret(name: string): boolean {
  return /KEY|TOKEN|SECRET|PASSW|CREDENTIAL|AUTH/i.test(name);
}
