"""Six small tests of a small shop: four pass, one fails, one is skipped."""

import time
import unittest

PRICES = {"pear": 120, "plum": 80, "苹果": 150}  # cents
REBATE_AT = 10  # pieces
STEP = 0.4  # seconds, so that one can watch


def total(basket: dict[str, int]) -> int:
    """Return what a basket costs, in cents; ten pieces and more get 10 % off."""
    price = sum(PRICES[name] * count for name, count in basket.items())
    return price * 9 // 10 if sum(basket.values()) > REBATE_AT else price  # the bug: not ">="


class Shop(unittest.TestCase):
    """What customers do."""

    def setUp(self) -> None:
        """Take a moment."""
        time.sleep(STEP)

    def test_caseid_100001_empty_basket(self) -> None:
        """Nothing costs nothing."""
        self.assertEqual(total({}), 0)

    def test_caseid_100002_one_of_each(self) -> None:
        """Prices add up."""
        print("basket: pear, plum, 苹果", flush=True)
        self.assertEqual(total({"pear": 1, "plum": 1, "苹果": 1}), 350)

    def test_caseid_100003_rebate(self) -> None:
        """Ten pieces get the rebate."""
        self.assertEqual(total({"plum": 10}), 720, "ten plums: 10 % off (十件九折)")

    def test_caseid_100004_unknown_fruit(self) -> None:
        """What the shop does not sell has no price."""
        with self.assertRaises(KeyError):
            total({"榴莲": 1})

    @unittest.skip("the card reader is not connected (未连接读卡器)")
    def test_caseid_100005_pay_by_card(self) -> None:
        """Needs a device."""

    def test_caseid_100006_chinese_names(self) -> None:
        """Names may be Chinese."""
        self.assertEqual(total({"苹果": 2}), 300)
