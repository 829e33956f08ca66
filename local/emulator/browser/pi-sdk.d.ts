/**
 * Types of Pi's browser SDK, as Pi documents them: the same for the emulator's and for Pi's own.
 *
 * Fetch this file beside your sources, or refer to it: /// <reference path="pi-sdk.d.ts" />
 */

export type Scope =
  | "username"
  | "payments"
  | "wallet_address"
  | "roles"
  | "platform"
  | "in_app_notifications";

export interface AuthResult {
  /** Send it to your server, which asks Pi whose it is. */
  accessToken: string;
  user: {
    uid: string;
    /** With the scope `username` only. */
    username?: string;
  };
}

export interface PaymentData {
  amount: number;
  memo: string;
  metadata: object;
}

export interface PaymentCallbacks {
  onReadyForServerApproval: (paymentId: string) => void;
  onReadyForServerCompletion: (paymentId: string, txid: string) => void;
  onCancel: (paymentId: string) => void;
  onError: (error: Error, payment?: PaymentDTO) => void;
}

export type Direction = "user_to_app" | "app_to_user";
export type AppNetwork = "Pi Network" | "Pi Testnet";

export interface PaymentDTO {
  identifier: string;
  user_uid: string;
  amount: number;
  memo: string;
  metadata: object;
  from_address: string;
  to_address: string;
  direction: Direction;
  created_at: string;
  network: AppNetwork;
  status: {
    developer_approved: boolean;
    transaction_verified: boolean;
    developer_completed: boolean;
    cancelled: boolean;
    user_cancelled: boolean;
  };
  transaction: null | { txid: string; verified: boolean; _link: string };
}

export type AdType = "interstitial" | "rewarded";

export interface IsAdReadyResponse {
  type: AdType;
  ready: boolean;
}

export interface RequestAdResponse {
  type: AdType;
  result: "AD_LOADED" | "AD_FAILED_TO_LOAD" | "AD_NOT_AVAILABLE" | "ADS_NOT_SUPPORTED";
}

export type ShowAdResponse =
  | {
      type: "interstitial";
      result: "AD_CLOSED" | "AD_DISPLAY_ERROR" | "AD_NETWORK_ERROR" | "AD_NOT_AVAILABLE";
    }
  | {
      type: "rewarded";
      result:
        | "AD_REWARDED"
        | "AD_CLOSED"
        | "AD_DISPLAY_ERROR"
        | "AD_NETWORK_ERROR"
        | "AD_NOT_AVAILABLE"
        | "ADS_NOT_SUPPORTED"
        | "USER_UNAUTHENTICATED";
      /** Only in apps that Pi's ad network has accepted. */
      adId?: string;
    };

export type NativeFeature = "inline_media" | "request_permission" | "ad_network";

export interface Pi {
  init(config: { version: string; sandbox?: boolean }): Promise<void>;
  authenticate(
    scopes: Scope[],
    onIncompletePaymentFound: (payment: PaymentDTO) => void,
  ): Promise<AuthResult>;
  createPayment(paymentData: PaymentData, callbacks: PaymentCallbacks): void;
  nativeFeaturesList(): Promise<NativeFeature[]>;
  openShareDialog(title: string, message: string): void;
  openUrlInSystemBrowser(url: string): Promise<void>;
  Ads: {
    isAdReady(type: AdType): Promise<IsAdReadyResponse>;
    requestAd(type: AdType): Promise<RequestAdResponse>;
    showAd<T extends AdType>(type: T): Promise<Extract<ShowAdResponse, { type: T }>>;
  };
  Wallet: {
    getUserMigratedWalletAddresses(): Promise<{ wallets: { publicKey: string }[] }>;
  };
}

declare global {
  interface Window {
    Pi: Pi;
  }
}
