// Where the bundle's API answers: the stack's output `ApiUrl`.
export const API = "http://127.0.0.1:8315/_aws/execute-api/pi-bundle-local";
