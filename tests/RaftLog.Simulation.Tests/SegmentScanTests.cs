using RaftLog.TestKit;

namespace RaftLog.Simulation.Tests;

/// <summary>What the checks read from the files of a simulated disk.</summary>
public sealed class SegmentScanTests
{
    [Fact]
    public void Each_scan_of_a_file_sees_a_truncation()
    {
        SimBytes file = new();
        SegmentScan first = new(file, keepsRecords: false);
        SegmentScan second = new(file, keepsRecords: false);
        file.Write(0, Batches.At(0, 0, Batches.Of("old")).Span);
        Refresh(first, second);

        file.SetLength(0);
        file.Write(0, Batches.At(0, 0, Batches.Of("a longer new record")).Span);
        Refresh(first, second);

        Assert.Equal(first.Batches, second.Batches);
        Assert.All([first, second], static scan => Assert.True(scan.IsWhole));
    }

    private static void Refresh(params SegmentScan[] scans)
    {
        foreach (SegmentScan scan in scans)
        {
            scan.Refresh([], []);
        }
    }
}
