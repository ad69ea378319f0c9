namespace RaftLog.Jepsen.Processes;

/// <summary>How the nodes of one system are formatted and started. Both systems take the same <c>.properties</c> file.</summary>
internal interface ISystemUnderTest
{
    /// <summary>What it is called in the verdict.</summary>
    string Name { get; }

    /// <summary>How long a node may take to open its port.</summary>
    TimeSpan StartLimit { get; }

    /// <summary>True when it promises to make a change of a topic at most once, whatever becomes of responses between its nodes.</summary>
    bool MakesChangesOnce { get; }

    /// <summary>Settings besides those that every node has.</summary>
    IReadOnlyList<KeyValuePair<string, string>> Settings { get; }

    /// <summary>What its processes find in their environment besides the harness's own.</summary>
    IReadOnlyList<KeyValuePair<string, string>> Environment { get; }

    /// <summary>Program and arguments that format a node's directory.</summary>
    IReadOnlyList<string> FormatCommand(string propertiesFile, string clusterId);

    /// <summary>Program and arguments of a node.</summary>
    IReadOnlyList<string> StartCommand(string propertiesFile);

    /// <summary>Why a line of a node's output is alarming; null for the others.</summary>
    string? Alarm(string line);
}
