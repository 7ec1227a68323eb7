# SPDX-License-Identifier: GPL-2.0
"""The images that guests boot from."""

import unittest

from splitfree.kernel import initramfs


class Initramfs(unittest.TestCase):
    def test_newc(self):
        image = initramfs.newc([("init", 0o100755, (0, 0), b"abc")])
        self.assertEqual(image[:6], b"070701")
        self.assertEqual(int(image[54:62], 16), 3)
        self.assertEqual(image[110:115], b"init\0")
        self.assertEqual(image[116:119], b"abc")
        self.assertEqual(len(image) % 4, 0)
        self.assertIn(b"TRAILER!!!", image)


if __name__ == "__main__":
    unittest.main()
