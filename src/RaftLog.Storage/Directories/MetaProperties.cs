using System.Globalization;
using System.Text;
using RaftLog.Platform;
using RaftLog.Protocol;

namespace RaftLog.Storage;

/// <summary>
/// Whose directory this is: <c>meta.properties</c> (version 1; KIP-631, KIP-858), written once when the directory is formatted.
/// </summary>
/// <param name="ClusterId">The cluster's id, a text that is usually a 22-character uuid.</param>
/// <param name="NodeId">The node's id.</param>
/// <param name="DirectoryId">The directory's own id.</param>
public sealed record MetaProperties(string ClusterId, NodeId NodeId, Uuid DirectoryId)
{
    /// <summary>The file's name.</summary>
    public const string FileName = "meta.properties";

    /// <summary>Reads the file of a directory; null where it is absent: the directory is not formatted.</summary>
    /// <exception cref="LogDirectoryException">The file is not what it must be; says which key.</exception>
    /// <exception cref="DiskException">The disk failed.</exception>
    public static MetaProperties? Read(IDisk disk, string directory)
    {
        string path = $"{directory}/{FileName}";
        if (AtomicFile.Read(disk, path) is not { } bytes)
        {
            return null;
        }

        Dictionary<string, string> values = Parse(Encoding.UTF8.GetString(bytes));
        if (Value(values, "version", path) != "1")
        {
            throw new LogDirectoryException(
                directory,
                $"{path} has version={values["version"]}; only version=1 is supported: format the directory anew"
            );
        }

        string nodeId = Value(values, "node.id", path);
        if (!int.TryParse(nodeId, NumberStyles.None, CultureInfo.InvariantCulture, out int node))
        {
            throw new LogDirectoryException(directory, $"{path} has node.id={nodeId}, which is not a node's id");
        }

        if (!values.TryGetValue("directory.id", out string? directoryText))
        {
            if (values.Keys.FirstOrDefault(static key => !Keys.Contains(key)) is { } unknown)
            {
                throw new LogDirectoryException(
                    directory,
                    $"{path} has no directory.id, and the key {unknown}, which no node writes: it is damaged. Mend the name of the key"
                );
            }

            return new MetaProperties(Value(values, "cluster.id", path), new NodeId(node), Uuid.Zero);
        }

        return Uuid.TryParse(directoryText, out Uuid directoryId)
            ? new MetaProperties(Value(values, "cluster.id", path), new NodeId(node), directoryId)
            : throw new LogDirectoryException(directory, $"{path} has directory.id={directoryText}, which is not an id of 22 characters");
    }

    /// <summary>What nodes write, those of Kafka that knew no directory ids included.</summary>
    private static readonly string[] Keys = ["version", "cluster.id", "node.id", "broker.id", "directory.id"];

    /// <summary>Writes the file durably, in place of the one that is there.</summary>
    public ValueTask WriteAsync(IDisk disk, string directory)
    {
        disk.CreateDirectory(directory);
        string text = string.Create(
            CultureInfo.InvariantCulture,
            $"cluster.id={ClusterId}\ndirectory.id={DirectoryId}\nnode.id={NodeId}\nversion=1\n"
        );
        return AtomicFile.WriteAsync(disk, directory, FileName, Encoding.UTF8.GetBytes(text));
    }

    private static string Value(Dictionary<string, string> values, string key, string path) =>
        values.TryGetValue(key, out string? value)
            ? value
            : throw new LogDirectoryException(
                path,
                $"{path} has no {key}: it is damaged, or no node has written it. Where the directory holds logs, write it anew by hand, as "
                    + "another directory of the node has it (version=1, cluster.id, node.id and a directory.id of its own); where it is "
                    + "empty, remove the file and format the directory"
            );

    /// <summary>The keys and values of a Java properties file, as far as a node writes them: no continued lines, colons escaped.</summary>
    private static Dictionary<string, string> Parse(string text)
    {
        var values = new Dictionary<string, string>();
        foreach (string line in text.Split('\n'))
        {
            string trimmed = line.Trim();
            int split = trimmed.IndexOf('=');
            if (split > 0 && trimmed[0] is not ('#' or '!'))
            {
                values[trimmed[..split].TrimEnd()] = trimmed[(split + 1)..]
                    .TrimStart()
                    .Replace("\\", string.Empty, StringComparison.Ordinal);
            }
        }

        return values;
    }
}

/// <summary>A log directory cannot be used as it is; the message says what to do.</summary>
/// <param name="directory">The directory.</param>
/// <param name="message">What is wrong.</param>
public sealed class LogDirectoryException(string directory, string message) : Exception(message)
{
    /// <summary>The directory.</summary>
    public string Directory { get; } = directory;
}
