// The page's entrance.
import "./ads.js";
import "./developer.js";
import "./payout.js";
import { showProducts } from "./products.js";
import "./purchases.js";
import { welcomeBack } from "./user.js";

document.body.inert = false; // a press before this would have been lost
showProducts();
welcomeBack();
