using System.Text;
using RaftLog.Platform;

namespace RaftLog.Broker.Runtime;

/// <summary>
/// The node's log for people: one line an event, appended to a file. It never fails the node: when the disk fails, lines are dropped.
/// When the file has reached its bound it becomes <c>.1</c> in place of the one before, so a node log takes at most twice the bound.
/// </summary>
public sealed class NodeLog
{
    /// <summary>The size at which the file is turned over.</summary>
    public const long MaxFileBytes = 16 * 1024 * 1024;

    private readonly Lock _gate = new();
    private readonly IDisk _disk;
    private readonly TimeProvider _time;
    private readonly string _path;
    private readonly Action<string>? _alsoTo;
    private IDiskFile? _file;
    private long _length;

    /// <summary>Opens the node log at a path; its directory must exist.</summary>
    /// <param name="disk">Where it is written.</param>
    /// <param name="time">The clock of its time stamps.</param>
    /// <param name="path">The file.</param>
    /// <param name="alsoTo">Where warnings and errors are shown besides, if anywhere.</param>
    public NodeLog(IDisk disk, TimeProvider time, string path, Action<string>? alsoTo = null)
    {
        _disk = disk;
        _time = time;
        _path = path;
        _alsoTo = alsoTo;
    }

    /// <summary>What happened in the normal course of things.</summary>
    public void Info(string text) => Write("INFO ", text);

    /// <summary>What an operator may want to look at.</summary>
    public void Warn(string text) => Write("WARN ", text);

    /// <summary>What must not happen.</summary>
    public void Error(string text) => Write("ERROR", text);

    private void Write(string level, string text)
    {
        string line = $"{_time.GetUtcNow():yyyy-MM-dd HH:mm:ss.fff} {level} {text}\n";
        lock (_gate)
        {
            try
            {
                Append(Encoding.UTF8.GetBytes(line));
            }
            catch (DiskException)
            {
                _file?.Dispose();
                _file = null;
            }
        }

        if (level != "INFO ")
        {
            _alsoTo?.Invoke(line.TrimEnd('\n'));
        }
    }

    private void Append(byte[] line)
    {
        if (_file is null)
        {
            _file = _disk.OpenOrCreate(_path);
            _length = _file.Length;
        }

        if (_length >= MaxFileBytes)
        {
            _file.Dispose();
            _disk.Rename(_path, _path + ".1");
            _file = _disk.OpenOrCreate(_path);
            _length = 0;
        }

        _file.Write(_length, line);
        _length += line.Length;
    }
}
