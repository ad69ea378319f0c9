using RaftLog.Protocol;

namespace RaftLog.Storage;

/// <summary>Which prefix of the metadata log a snapshot stands for (KIP-630).</summary>
/// <param name="EndOffset">The first offset that it does not cover; always a batch's start.</param>
/// <param name="Epoch">The epoch of the last record that it covers.</param>
public readonly record struct StoredSnapshotId(Offset EndOffset, LeaderEpoch Epoch) : IComparable<StoredSnapshotId>
{
    /// <inheritdoc />
    public int CompareTo(StoredSnapshotId other)
    {
        int byOffset = EndOffset.CompareTo(other.EndOffset);
        return byOffset != 0 ? byOffset : Epoch.CompareTo(other.Epoch);
    }

    /// <summary>The file's name without its suffix: <c>00000000000000000321-0000000003</c>.</summary>
    public override string ToString() => $"{EndOffset.Value:D20}-{Epoch.Value:D10}";

    /// <summary>Reads a file's name without its suffix; false for any other name.</summary>
    internal static bool TryParse(ReadOnlySpan<char> text, out StoredSnapshotId id)
    {
        id = default;
        if (
            text.Length != 31
            || text[20] != '-'
            || !long.TryParse(text[..20], System.Globalization.NumberStyles.None, null, out long offset)
            || !int.TryParse(text[21..], System.Globalization.NumberStyles.None, null, out int epoch)
        )
        {
            return false;
        }

        id = new StoredSnapshotId(new Offset(offset), new LeaderEpoch(epoch));
        return true;
    }
}
