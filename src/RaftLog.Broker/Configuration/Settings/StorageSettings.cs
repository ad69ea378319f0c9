using RaftLog.Protocol;

namespace RaftLog.Broker.Configuration;

/// <summary>The directories of a node.</summary>
/// <param name="LogDirs"><c>log.dirs</c>, else <c>log.dir</c>, else <c>data/node-N</c> in the working directory.</param>
/// <param name="MetadataLogDir"><c>metadata.log.dir</c>, else the first of <paramref name="LogDirs"/>.</param>
public sealed record StorageSettings(IReadOnlyList<string> LogDirs, string MetadataLogDir)
{
    internal static StorageSettings Read(SettingsReader settings, NodeId node)
    {
        IReadOnlyList<string> dirs = settings.List("log.dirs");
        string? single = settings.Text("log.dir");
        dirs =
            dirs.Count > 0 ? dirs
            : single is null ? [$"data/node-{node}"]
            : ConfigText.List(single);
        foreach (string key in (ReadOnlySpan<string>)["log.dirs", "log.dir", "metadata.log.dir"])
        {
            if (settings.Settings.TryGet(key, out string? set) && string.IsNullOrWhiteSpace(set))
            {
                settings.Report(key, "no directory is named", "name one, or remove the key");
            }
        }

        foreach (string dir in dirs)
        {
            if (dir.Length == 0 || dirs.Count(other => other == dir) > 1)
            {
                settings.Report(
                    "log.dirs",
                    dir.Length == 0 ? "one of the directories is empty" : $"'{dir}' stands there twice",
                    "name each directory once"
                );
                break;
            }
        }

        IReadOnlyList<string> cordoned = settings.List("cordoned.log.dirs");
        if (cordoned.Contains("*") ? cordoned.Count > 1 : cordoned.FirstOrDefault(each => !dirs.Contains(each)) is not null)
        {
            settings.Report(
                "cordoned.log.dirs",
                $"'{string.Join(',', cordoned)}' names what is not in log.dirs",
                "name directories of log.dirs, or * alone for all"
            );
        }

        return new(dirs, settings.Text("metadata.log.dir") ?? dirs.FirstOrDefault(""));
    }
}
