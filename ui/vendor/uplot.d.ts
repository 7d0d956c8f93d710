// Types of the vendored uPlot for `tsc --checkJs` in the tests.
import uPlot from "uplot";
export default uPlot;
