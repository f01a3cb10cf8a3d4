"""The structure of HDF5 files, from groups down to the bytes of attributes; `reader` opens one.

What it does not know it hands to h5py: https://support.hdfgroup.org/documentation/hdf5/latest/_f_m_t3.html
"""
