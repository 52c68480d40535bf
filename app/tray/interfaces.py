"""What the tray offers on D-Bus, as introspection data, and the names used there.

Sources: the StatusNotifierItem page of freedesktop.org, libdbusmenu's com.canonical.dbusmenu
XML, and what panels were seen to ask for.
"""

WATCHER = "org.kde.StatusNotifierWatcher"
ITEM = "org.kde.StatusNotifierItem"
MENU = "com.canonical.dbusmenu"
PROPERTIES = "org.freedesktop.DBus.Properties"
INTROSPECTABLE = "org.freedesktop.DBus.Introspectable"
PEER = "org.freedesktop.DBus.Peer"
NOTIFICATIONS = "org.freedesktop.Notifications"
BUS = "org.freedesktop.DBus"

ITEM_PATH, MENU_PATH = "/StatusNotifierItem", "/MenuBar"


def _properties(signatures: dict[str, str]) -> str:
    return "".join(
        f'<property name="{name}" type="{signature}" access="read"/>'
        for name, signature in signatures.items()
    )


def _methods(methods: dict[str, tuple[str, str]]) -> str:
    return "".join(
        f'<method name="{name}">{_arguments(takes, "in")}{_arguments(gives, "out")}</method>'
        for name, (takes, gives) in methods.items()
    )


def _signals(signals: dict[str, str]) -> str:
    return "".join(
        f'<signal name="{name}">{_arguments(carries, "")}</signal>'
        for name, carries in signals.items()
    )


def _arguments(signatures: str, direction: str) -> str:
    way = f' direction="{direction}"' if direction else ""
    return "".join(f'<arg type="{signature}"{way}/>' for signature in signatures.split())


ITEM_SIGNATURES = {
    "Category": "s",
    "Id": "s",
    "Title": "s",
    "Status": "s",
    "WindowId": "i",
    "IconName": "s",
    "IconThemePath": "s",
    "IconPixmap": "a(iiay)",
    "IconAccessibleDesc": "s",
    "OverlayIconName": "s",
    "OverlayIconPixmap": "a(iiay)",
    "AttentionIconName": "s",
    "AttentionIconPixmap": "a(iiay)",
    "AttentionMovieName": "s",
    "AttentionAccessibleDesc": "s",
    "XAyatanaLabel": "s",
    "XAyatanaLabelGuide": "s",
    "XAyatanaOrderingIndex": "u",
    "ToolTip": "(sa(iiay)ss)",
    "ItemIsMenu": "b",
    "Menu": "o",
}
MENU_PROPERTIES = {
    "Version": ("u", 3),
    "TextDirection": ("s", "ltr"),
    "Status": ("s", "normal"),
    "IconThemePath": ("as", []),
}

_ITEM_XML = (
    f'<node><interface name="{ITEM}">'
    + _properties(ITEM_SIGNATURES)
    + _methods(
        {
            "ContextMenu": ("i i", ""),
            "Activate": ("i i", ""),
            "SecondaryActivate": ("i i", ""),
            "Scroll": ("i s", ""),
        }
    )
    + _signals(
        {
            **dict.fromkeys(("NewTitle", "NewIcon", "NewAttentionIcon", "NewOverlayIcon"), ""),
            "NewToolTip": "",
            "NewStatus": "s",
        }
    )
    + "</interface></node>"
)
_MENU_XML = (
    f'<node><interface name="{MENU}">'
    + _properties({name: signature for name, (signature, _value) in MENU_PROPERTIES.items()})
    + _methods(
        {
            "GetLayout": ("i i as", "u (ia{sv}av)"),
            "GetGroupProperties": ("ai as", "a(ia{sv})"),
            "GetProperty": ("i s", "v"),
            "Event": ("i s v u", ""),
            "EventGroup": ("a(isvu)", "ai"),
            "AboutToShow": ("i", "b"),
            "AboutToShowGroup": ("ai", "ai ai"),
        }
    )
    + _signals(
        {
            "ItemsPropertiesUpdated": "a(ia{sv}) a(ias)",
            "LayoutUpdated": "u i",
            "ItemActivationRequested": "i u",
        }
    )
    + "</interface></node>"
)
INTROSPECTION = {
    "/": '<node><node name="StatusNotifierItem"/><node name="MenuBar"/></node>',
    ITEM_PATH: _ITEM_XML,
    MENU_PATH: _MENU_XML,
}
