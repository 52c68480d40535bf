// Texts for people: the English text is the key; {name} is filled in.

const CHINESE = {
  "ATS demo platform": "ATS 演示平台",
  "Skip to the run": "跳到执行详情",
  "Light or dark": "浅色或深色",
  "Try now": "立即重试",
  "Agent": "代理",
  "Runs": "执行记录",
  "Command": "命令",
  "Suite": "测试套",
  "Nothing has run yet. Start a suite or send a command.": "还没有执行记录。请启动一个测试套或发送一条命令。",
  "Views": "视图",
  "Run": "执行",
  "Workspace": "工作区",
  "Choose a run on the left, or start one: its cases and its log appear here live.": "请选择一次执行，或新建一个：用例和日志会在这里实时显示。",
  "Cancel": "取消",
  "Cases": "用例",
  "Which cases to show": "显示哪些用例",
  "All": "全部",
  "Not passed": "未通过",
  "Log": "日志",
  "Search the log": "搜索日志",
  "Which lines to show": "显示哪些行",
  "All lines": "所有行",
  "Warnings and errors": "警告和错误",
  "Errors": "仅错误",
  "Follow the end of the log": "跟随日志末尾",
  "Save the log as a file": "将日志保存为文件",
  "No output yet.": "暂无输出。",
  "No line matches.": "没有匹配的行。",
  "Folder": "文件夹",
  "New folder": "新建文件夹",
  "New file": "新建文件",
  "Upload": "上传",
  "Read the folder again": "重新读取文件夹",
  "Name": "名称",
  "Size": "大小",
  "Changed": "修改时间",
  "Actions": "操作",
  "This folder is empty.": "此文件夹为空。",
  "Reading the folder…": "正在读取文件夹…",
  "Send a command": "发送命令",
  "Timeout in seconds": "超时（秒）",
  "Working folder": "工作目录",
  "as the agent decides": "由代理决定",
  "Environment variables, one NAME=value per line": "环境变量，每行一个 名称=值",
  "Close": "关闭",
  "Send": "发送",
  "Start": "启动",
  "Start a suite": "启动测试套",
  "A new suite": "新建测试套",
  "Case codes, one per line": "用例编号，每行一个",
  "Git repository": "Git 仓库",
  "none": "无",
  "Branch, tag or commit": "分支、标签或提交",
  "its default branch": "默认分支",
  "Access token of the repository": "仓库访问令牌",
  "File name": "文件名",
  "Content": "内容",
  "Save": "保存",
  "Online": "在线",
  "Offline": "离线",
  "Unreachable": "无法送达",
  "Waiting for the agent…": "正在等待代理…",
  "No connection": "无连接",
  "heartbeat {age} ago": "{age}前有心跳",
  "no heartbeat yet": "尚无心跳",
  "System": "系统",
  "Address": "地址",
  "Processor": "处理器",
  "Memory": "内存",
  "Disk": "磁盘",
  "unknown": "未知",
  "{count} cores": "{count} 核",
  "{used} of {total}": "{used} / {total}",
  "{label}: {percent} percent": "{label}：{percent}%",
  "waiting": "等待中",
  "running": "运行中",
  "passed": "通过",
  "failed": "失败",
  "error": "错误",
  "skipped": "跳过",
  "timeout": "超时",
  "cancelled": "已取消",
  "open": "未完成",
  "not reported": "未报告",
  "command": "命令",
  "{done} of {total} cases": "{done}/{total} 个用例",
  "exit code {code}": "退出码 {code}",
  "started {time}": "{time} 开始",
  "took {span}": "用时 {span}",
  "for {span}": "已 {span}",
  "1 line": "1 行",
  "{count} lines": "{count} 行",
  "{shown} of {count} lines": "{shown}/{count} 行",
  "The first {count} lines are no longer kept here; the whole log is on the agent's computer.": "前 {count} 行已不在此处保留；完整日志在代理所在的计算机上。",
  "No message and no output were reported.": "没有报告消息或输出。",
  "The demo has ended or cannot be reached. Next attempt in {seconds} s.": "演示已结束或无法连接。{seconds} 秒后重试。",
  "The demo cannot be reached. Trying…": "无法连接演示，正在重试…",
  "The page has lost the demo. Try again when it is back.": "页面与演示的连接已断开，请在恢复后重试。",
  "The agent is not connected. Try again when it is online.": "代理未连接，请在其上线后重试。",
  "The agent did not answer in time. It may be busy; try again.": "代理未及时应答，可能正忙，请重试。",
  "Too much at once. Wait for the earlier requests.": "请求过多，请等待之前的请求完成。",
  "The agent refused: {why}": "代理拒绝了请求：{why}",
  "This cannot be done: {why}": "无法完成：{why}",
  "Cancel requested.": "已请求取消。",
  "Line {number} is not of the form NAME=value.": "第 {number} 行不是 名称=值 的形式。",
  "Download {name}": "下载 {name}",
  "Delete {name}": "删除 {name}",
  "Delete “{name}”?": "删除“{name}”？",
  "The folder and all that is in it will be gone.": "该文件夹及其全部内容都将被删除。",
  "The file will be gone.": "该文件将被删除。",
  "Delete": "删除",
  "Create": "创建",
  "Name of the new folder": "新文件夹名称",
  "Saved {name}.": "已保存 {name}。",
  "Deleted {name}.": "已删除 {name}。",
  "{name} is no text: it can be downloaded.": "{name} 不是文本，可以下载。",
  "{name} is too large to be sent from here (limit {limit}).": "{name} 太大，无法从此处发送（上限 {limit}）。",
  "{name} is too large to be edited here: it can be downloaded.": "{name} 太大，无法在此编辑，可以下载。",
  "Workspace root": "工作区根目录",
};

let language = localStorage.getItem("language") || (navigator.language.startsWith("zh") ? "zh" : "en");

export const current = () => language;

export function t(text, values = {}) {
  const found = language === "zh" ? CHINESE[text] ?? text : text;
  return found.replace(/\{(\w+)\}/g, (whole, name) => values[name] ?? whole);
}

export function choose(next) {
  language = next;
  localStorage.setItem("language", next);
  apply();
}

// Elements keep their English text, so that the language can change at any time.
export function apply() {
  document.documentElement.lang = language === "zh" ? "zh-CN" : "en";
  document.title = t("ATS demo platform");
  for (const node of document.querySelectorAll("[data-t]")) {
    node.dataset.t ||= node.textContent.trim();
    node.textContent = t(node.dataset.t);
  }
  for (const node of document.querySelectorAll("[data-t-label]")) {
    node.setAttribute("aria-label", t(node.dataset.tLabel));
    if (node.tagName === "BUTTON") node.title = t(node.dataset.tLabel);
  }
  for (const node of document.querySelectorAll("[data-t-hint]")) node.placeholder = t(node.dataset.tHint);
}

export function size(bytes) {
  let unit = 0;
  while (bytes >= 1024 && unit < 4) {
    bytes /= 1024;
    unit += 1;
  }
  return `${unit && bytes < 100 ? bytes.toFixed(1) : Math.round(bytes)} ${["B", "KB", "MB", "GB", "TB"][unit]}`;
}

export function span(seconds, digits = 1) {
  const [hour, minute, second] = language === "zh" ? ["小时", "分", "秒"] : ["h", "min", "s"];
  seconds = Math.max(0, seconds);
  if (digits && seconds < 1) return `${Math.round(seconds * 1000)} ${language === "zh" ? "毫秒" : "ms"}`;
  if (seconds < 60) return `${seconds < 10 ? seconds.toFixed(digits) : Math.floor(seconds)} ${second}`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} ${minute} ${Math.floor(seconds % 60)} ${second}`;
  return `${Math.floor(seconds / 3600)} ${hour} ${Math.floor((seconds % 3600) / 60)} ${minute}`;
}

export function clock(epoch) {
  return new Date(epoch * 1000).toLocaleTimeString(language === "zh" ? "zh-CN" : "en-GB");
}
