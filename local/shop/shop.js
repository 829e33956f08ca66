// The page's entrance.
import "./ads.js";
import "./developer.js";
import "./payout.js";
import { showProducts } from "./products.js";
import "./purchases.js";
import { welcomeBack } from "./user.js";

showProducts();
welcomeBack();
